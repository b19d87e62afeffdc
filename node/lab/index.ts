/**
 * The laboratory: makes contributors whose worth is known by retraining, pays them by nine rules, and says how far each
 * is off, what attacks gain and what attribution costs. It uses the engine as a library and the rules of pay as they
 * stand in protocol; it knows nothing of the network. In the order of the flow: worlds, truth, rules, runs, report.
 */
export { modes, type Mode } from './types.ts'
export type * from './results.ts'
export { runLab, type LabProgress, type LabRun } from './runs/run.ts'
export { writeReport, type ReportRequest } from './report/write.ts'
export { isMet, targetsOf, type Target } from './report/targets.ts'
