export * from './guide.ts'
export * from './guides.ts'
