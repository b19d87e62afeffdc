import type { Walk } from '../walk.ts'
import { joining } from './joining.ts'

export const settler: Walk = {
  role: 'settler',
  title: 'Settling and scoring',
  about: `
A **settler** closes an epoch of a Datanet's pool in two steps: it anchors the receipts with a bond, and once chance has
drawn which answers are weighed, and by whom, it proposes what they pay. A **scorer** weighs those that it was drawn
for: it computes again how likely each contributor's part made an answer, commits to what it found, and shows it when
all have. Everybody computes the epoch again and may challenge it.

**What it earns:** a tenth of the bond of each false epoch that your node shows to be false. For each answer
that your node was drawn to weigh, and whose weights most agree with it about, two hundredths of what that answer
brought for the data: \`tilth claim\` brings it, and \`tilth earnings\` shows it. Nobody pays for an honest epoch;
who has data, models or hardware in the network settles so that the pay goes where it belongs.

**What it needs:** stake (\`tilth status\` says how much), tokens for the bond, coin for gas, and a CPU that runs the
models it weighs. Settling and scoring take the least stake each. A scorer that is not there when it was drawn loses a
tenth of it. By itself it takes seats in few pools into which nobody has paid: \`tilth seat\` lists yours,
\`tilth seat DATANET\` takes one, with \`--down\` it gives it up.
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
        { run: 'tilth wallet stake 200', shows: /200/ },
        { run: 'tilth datanet list', shows: /elements/, patient: true, varies: true },
        { run: 'tilth datanet follow elements' }
      ]
    },
    {
      title: 'An epoch',
      say: 'Answers were given and paid:',
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
