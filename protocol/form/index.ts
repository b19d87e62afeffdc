export * from './codes.ts'
export * from './form.ts'
export * from './limits.ts'
