from kernel.records import purge
from kernel.records.tagging import KIND, retag
from kernel.runs.work import runner

runner(KIND)(retag)
runner(purge.KIND)(purge.empty_all)
