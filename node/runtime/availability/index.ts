export * from './hours.ts'
export * from './power.ts'
export * from './availability.ts'
