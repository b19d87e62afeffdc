export { importGguf, type GgufImport, type GgufImported } from './import.ts'
export { exportGguf, type GgufExport } from './export.ts'
export { writtenTypes, type WrittenType } from './pack.ts'
