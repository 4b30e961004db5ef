from kernel.records import key_changes, purge
from kernel.records.tagging import KIND, retag
from kernel.runs.work import runner

__all__ = ["key_changes"]

runner(KIND)(retag)
runner(purge.KIND)(purge.empty_all)
