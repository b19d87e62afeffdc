import type { Walk } from '../walk.ts'
import { joining } from './joining.ts'

export const contributor: Walk = {
  role: 'contributor',
  title: 'Contributing',
  about: `
A **contributor** gives rows of data to a Datanet: questions with answers, or conversations. Whenever a model that was
tuned on them answers better for it, you are paid a share of that answer's fee, for as long as the model is used.

**What it earns:** by \`tilth tune\`'s usual split 60 % of every fee of the model goes to its data, divided among the
contributors by how much each one's rows made that very answer likelier. Whoever was first with a fact is credited for
it, copies are not, and rows that make held-out answers worse earn nothing.

**What it needs:** rows that you may give away under the Datanet's licence, a key, a little coin for gas. The node can
be a laptop that is mostly off: what you contributed is kept by others once it is accepted.
${joining}`,
  sections: [
    {
      title: 'Your node',
      steps: [
        {
          run: `export TILTH_PASSPHRASE_FILE=my-network/passphrase TILTH_DATA=my-network/contributor
tilth key create`,
          shows: /0x/
        },
        {
          run: 'tilth daemon --network my-network/network.json --role client --api-port 0 --detach',
          shows: /127\.0\.0\.1/,
          varies: true
        },
        { run: 'tilth wallet fund --local --tokens 10' },
        { run: 'tilth datanet list', shows: /elements/, patient: true, varies: true },
        { run: 'tilth datanet follow elements' }
      ]
    },
    {
      title: 'Your rows',
      say:
        'One row a line, as a question with its answer or as a conversation; most other files that people have ' +
        'are read, too:',
      steps: [
        { run: 'head -3 daemon/assets/elements/01-noor.jsonl', shows: /hydrogen/ },
        {
          say: 'First ask what would become of them. That sends nothing and costs nothing.',
          run: 'tilth contribute daemon/assets/elements/01-noor.jsonl --datanet elements --dry-run',
          shows: /would be kept/
        },
        {
          say: 'Then give them, and stay until the validators have decided.',
          run: 'tilth contribute daemon/assets/elements/01-noor.jsonl --datanet elements --wait',
          shows: /accepted/,
          varies: true
        },
        {
          say: 'The same facts a second time are worth nothing, to nobody:',
          run: `head -4 daemon/assets/elements/01-noor.jsonl > my-network/contributor/again.jsonl
tilth contribute my-network/contributor/again.jsonl --datanet elements`,
          shows: /no row is new/,
          refused: true
        },
        {
          say: 'A file that is no rows is refused in words, line by line, before anything is spent:',
          run: `echo hello > my-network/contributor/hello.jsonl
tilth contribute my-network/contributor/hello.jsonl --datanet elements`,
          refused: true,
          shows: /line 1|no row|not/
        },
        {
          say: 'More of it later:',
          run: 'tilth contribute daemon/assets/elements/02-tomas.jsonl --datanet elements --wait',
          shows: /accepted/,
          varies: true
        }
      ]
    },
    {
      title: 'Half a contribution',
      say: `Not everything is taken. Of these six rows three stand there already; validators may look at such a file
by hand, and this one says no.`,
      steps: [
        {
          run: `head -3 daemon/assets/elements/01-noor.jsonl > my-network/contributor/mixed.jsonl
head -3 daemon/assets/elements/05-ines.jsonl >> my-network/contributor/mixed.jsonl
tilth contribute my-network/contributor/mixed.jsonl --datanet elements`,
          shows: /0x/,
          varies: true
        }
      ]
    },
    {
      title: 'What became of them',
      steps: [{ run: 'tilth contributions --datanet elements', shows: /rejected/, patient: true, varies: true }]
    },
    {
      title: 'What they are worth',
      say: `Somebody tunes a model on the Datanet, somebody asks it, and at the end of an epoch what came in is
divided. \`--worth\` shows what each contributor's rows add to the answers of the held-out questions, and
what that brought.`,
      steps: [
        { run: 'tilth contributions --worth --datanet elements', shows: /accepted/, varies: true },
        { run: 'tilth earnings', shows: /data|waits|claim/, patient: true, varies: true },
        {
          say: 'Your node claims by itself from one token on. By hand at any time:',
          run: 'tilth claim',
          shows: /0x|claimed/,
          varies: true
        },
        { run: 'tilth wallet balance', varies: true }
      ]
    }
  ],
  trouble: `
- **It is refused before it is sent.** The words name line and reason; \`--dry-run\` lists all lines, \`--anyway\`
  sends it all the same, which costs one of the contributions that your account may make.
- **It waits and waits.** Validators have until the vote's end (an hour unless the Datanet says otherwise);
  \`tilth datanet roster NAME\` shows who they are. Your node may be off meanwhile.
- **It was given by mistake.** \`tilth withdraw ID\` takes it back: what was accepted leaves readers at once and the
  next version; the commitment stays on chain, and what was shown may have been copied.
- **It was accepted and earns nothing.** Either no model was tuned on that version yet, or nobody asked, or the rows do
  not make answers better: \`tilth contributions --worth\` tells which.
- **You want it paid to a key that is not on this machine.** \`tilth wallet payout ADDRESS\`.`
}
