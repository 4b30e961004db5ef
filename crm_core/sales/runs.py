from crm_core.sales.settings.moving import KIND, empty_stage
from kernel.runs.work import runner

runner(KIND)(empty_stage)
