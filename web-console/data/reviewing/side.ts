import type { Said } from '../../../protocol/data/votes.ts'

/** What a vote says. */
export const sideText = (vote: Said): string => (vote === 'abstain' ? 'for neither side' : vote ? 'for' : 'against')
