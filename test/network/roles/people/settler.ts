import type { Walk } from '../walk.ts'
import { joining } from './joining.ts'

export const settler: Walk = {
  role: 'settler',
  title: 'Settling and scoring',
  about: `
A **scorer** weighs answers: it computes again how likely each contributor's part made an answer, so that a worker's
word about it pays nobody. A **settler** closes an epoch of a Datanet's pool: it divides what came in by those weights
and proposes the result on chain with a bond. Everybody computes it again and may challenge it.

**What it earns:** a tenth of the bond of each false epoch that your node shows to be false. Nobody pays for scoring
or for an honest epoch; who has data, models or hardware in the network does it so that the pay goes where it belongs.

**What it needs:** stake (\`tilth status\` says how much), tokens for the bond, coin for gas, and a CPU that runs the
models it weighs.
${joining}`,
  sections: [
    {
      title: 'Your node',
      steps: [
        {
          run: `export TILTH_PASSPHRASE_FILE=my-network/passphrase TILTH_DATA=my-network/settler
tilth key create`,
          shows: /0x/
        },
        {
          say: 'It would settle every hour by itself. Here it is left to you, to see it happen.',
          run: `tilth daemon --network my-network/network.json --role settler --role scorer \\
  --manual settle --api-port 0 --detach`,
          shows: /127\.0\.0\.1/,
          varies: true
        },
        { run: 'tilth wallet fund --local --tokens 1000' },
        { run: 'tilth wallet stake 100', shows: /100/ },
        { run: 'tilth datanet list', shows: /elements/, patient: true, varies: true },
        { run: 'tilth datanet follow elements' }
      ]
    },
    {
      title: 'An epoch',
      say: 'Answers were given and paid, and the scorers have weighed them:',
      steps: [
        { run: 'tilth receipts', shows: /0x/, patient: true, varies: true },
        { run: 'tilth epoch settle elements', shows: /epoch/, patient: true, varies: true },
        {
          say: 'Until its window is over anybody may challenge it. Then it is final, by itself or by hand:',
          run: 'tilth epoch finalize elements',
          patient: true,
          varies: true
        },
        { run: 'tilth epoch list', shows: /final/, patient: true, varies: true }
      ]
    }
  ],
  trouble: `
- **“stake first”.** \`tilth wallet stake AMOUNT\`, with what \`tilth status\` says.
- **Nothing to settle.** Fees come into a pool when workers redeem vouchers: above a sum, before a channel ends, when an
  epoch closes, or when a client closes its channel.
- **Your epoch is challenged.** If it was wrong (a damaged disk, an old version), its bond is lost: stop, run
  \`tilth doctor --repair\`, update. A challenge that does not hold changes nothing.
- **Weights are missing.** No scorer could fetch what it needs before the epoch closed; that share stays in the pool for
  the next one.`
}
