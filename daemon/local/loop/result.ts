/** The JSON document of `tilth up --once --json`. Amounts are decimal strings of the token's smallest unit. */
export interface LoopResult {
  datanet: {
    id: string
    version: number
    contributions: {
      id: string
      contributor: string
      name: string
      rows: number
      status: string
      reason?: string
      rowIssues: { file: string; line: number; code: string }[]
    }[]
  }
  job: {
    id: string
    bids: { worker: string; price: string; seconds: number }[]
    award: { worker: string; price: string; escrow: string } | null
    awards: { worker: string; lot: string; price: string }[]
  }
  training: { steps: number; loss: number[]; seconds: number }
  model: { id: string; base: string; adapter: string | null }
  evaluation: { questions: number; base: { exactMatch: number }; tuned: { exactMatch: number } }
  receipts: {
    id: string
    client: string
    worker: string
    inputTokens: number
    outputTokens: number
    fee: string
    weights: Record<string, string>
    rechecked: boolean
  }[]
  epoch: { id: number; root: string; transaction: string | null }
  payouts: {
    address: string
    role: 'contributor' | 'worker' | 'builder'
    name: string
    amount: string
    claimed: boolean
    before: string
    after: string
    /** What of a contributor's waits for what later versions show; a part of what is held. */
    keptBack?: string
  }[]
  /** By what rows were good for, the highest first: a rank in 1e-6, the arithmetic behind it, and rows taken. */
  ranks: { contributor: string; name: string; rank: string; formula: string; rows: number }[]
  feesPaid: string
  feesPaidOut: string
  held: { amount: string; reason: string }
  seconds: number
}
