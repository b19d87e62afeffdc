export * from './server.ts'
export * from './openai.ts'
export { sessionFile } from './sessions/index.ts'
