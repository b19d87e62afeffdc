export * from './codes.ts'
export * from './server.ts'
