export * from './hardware.ts'
export * from './findings.ts'
export * from './detect.ts'
export * from './choose.ts'
