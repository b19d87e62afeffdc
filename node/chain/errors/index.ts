export { allAbis } from './refusals.ts'
export * from './errors.ts'
