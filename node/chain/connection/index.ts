export { connect, eventOf, lower, mined } from './connection.ts'
export type { Connection } from './connection.ts'
export { findDeployment } from './deployment.ts'
