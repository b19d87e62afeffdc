export * from './server.ts'
export * from './openai/endpoints.ts'
export * from './mcp.ts'
export { sessionFile } from './sessions/index.ts'
