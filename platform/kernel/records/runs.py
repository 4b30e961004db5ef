from kernel.records.tagging import KIND, retag
from kernel.runs.work import runner

runner(KIND)(retag)
