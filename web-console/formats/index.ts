export { amountText, plainAmount, smallestOf } from './amounts.ts'
export { bytesText, countText, listText, manyText, numberText, shareText, weightText } from './numbers.ts'
export { notAccount, shortId } from './ids.ts'
export { agoText, durationText, exactTime } from './times.ts'
