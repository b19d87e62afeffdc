import type { Walk } from '../walk.ts'
import { joining } from './joining.ts'

export const client: Walk = {
  role: 'client',
  title: 'Asking: the client',
  about: `
A **client** asks models over the network and pays by the token. The first question to a worker opens a channel with a
deposit; every answer is paid out of it by vouchers that cost no gas, and what was not promised comes back.

**What it costs:** what workers ask, a fraction of a token for an answer; \`--max-price\` and \`--budget\` bound it.

**What it needs:** some tokens for deposits and a little coin for gas.
${joining}`,
  sections: [
    {
      title: 'Your node',
      steps: [
        {
          run: `export TILTH_PASSPHRASE_FILE=my-network/passphrase TILTH_DATA=my-network/client
tilth key create`,
          shows: /0x/
        },
        {
          run: 'tilth daemon --network my-network/network.json --role client --api-port 0 --detach',
          shows: /127\.0\.0\.1/,
          varies: true
        },
        { run: 'tilth wallet fund --local --tokens 100' },
        { run: 'tilth models', shows: /elements/, patient: true, varies: true }
      ]
    },
    {
      title: 'Questions',
      steps: [
        {
          run: 'tilth ask --model elements "What is the symbol of iron?"',
          patient: true,
          varies: true
        },
        {
          say: 'Whose data the answer owes to, by the worker’s word; it pays nobody:',
          run: 'tilth ask --model elements --explain "What is the symbol of gold?"',
          shows: /0x/,
          varies: true
        },
        {
          say: 'Nobody but the worker ever sees this one:',
          run: 'tilth ask --model elements --private "What is the symbol of tin?"',
          varies: true
        },
        {
          say: 'A conversation; lines that are piped in are its questions:',
          run: `printf '%s\\n' "What is the symbol of lead?" "And of silver?" | tilth chat --model elements --budget 1`,
          varies: true
        },
        {
          say: 'What would cost more than you want to pay is refused before it is asked:',
          run: 'tilth ask --model elements --max-price 0.0000001 "What is the symbol of zinc?"',
          refused: true,
          varies: true
        }
      ]
    },
    {
      title: 'What it cost',
      steps: [
        { run: 'tilth receipts', shows: /0x/, varies: true },
        { run: 'tilth channel list', shows: /0x/, take: { channel: /(0x[0-9a-f]{6,})/ }, varies: true },
        {
          say: 'What no voucher has promised comes back when a channel ends, after thirty days or now:',
          run: 'tilth channel close {channel} --wait',
          varies: true
        },
        { run: 'tilth wallet balance', varies: true }
      ]
    }
  ],
  trouble: `
- **No worker answers.** \`tilth offers MODEL\` shows who offers it; a worker that was not there comes last for a
  minute. The error comes within seconds and says what to do.
- **The deposit is used up.** The channel is topped up by itself while the wallet holds tokens: \`tilth wallet
  balance\`.
- **A worker cheats.** It is not asked again, and its channel is closed on chain by itself.
- **Answers are bad.** \`tilth models compare\` puts two models side by side; \`tilth offers\` shows others.
- **The first word takes long.** \`--hedge 400\` asks a second worker, to whom a channel is open, after 400 ms and
  cancels the slower one; its receipt is waited for up to two seconds. \`--sort speed\`, \`--region\` and
  \`--least-bits\` choose by what was measured and by what offers say of themselves.
- **One model is not enough.** \`tilth agent list\` shows compositions of several, \`tilth agent show\` what their steps
  ask and cost.
- **Any OpenAI client works:** the base URL is your daemon's API with \`/v1\`, the key is in \`api-token\` of its
  folder.`
}
