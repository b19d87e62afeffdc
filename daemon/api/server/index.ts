export * from './server.ts'
export * from './openai/endpoints.ts'
export { sessionFile } from './sessions/index.ts'
