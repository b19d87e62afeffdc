// Models by their names: what a hub says there is (listing), which files of it are a model (choice), and those files on
// this disk, each checked against its hash (download).
export { hubOf, isHubName, listModel, usualHub } from './listing.ts'
export type { Hub, HubFile, HubModel } from './listing.ts'
export { chosenFiles } from './choice.ts'
export { download } from './download.ts'
