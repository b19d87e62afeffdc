export { cardOf, llamaFactoryInfo, tallyOf } from './card.ts'
export type { CardFacts } from './card.ts'
export { jsonlOf, parquetOf } from './files.ts'
export { exportedRows } from './rows.ts'
