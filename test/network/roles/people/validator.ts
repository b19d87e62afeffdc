import type { Walk } from '../walk.ts'
import { joining } from './joining.ts'

export const validator: Walk = {
  role: 'validator',
  title: 'Validating',
  about: `
A **validator** checks what people contribute to a Datanet: is each row in form, new, free of held-out questions, and
the contributor's to give? Your node checks by itself, by the same functions as all validators, and votes; or you look
at the rows and vote by hand.

**What it earns:** nothing for a vote. Whoever shows on chain that a validator voted twice about one contribution, for
and against, gets a tenth of that validator's stake, the rest is burnt; your node watches for it.

**What it needs:** a place on a Datanet's roster (its host names your account when it makes the Datanet), a machine that
is on most of the time, a little coin for gas, and stake: what you can lose is why your vote is believed. No GPU.
${joining}`,
  sections: [
    {
      title: 'Your node',
      steps: [
        {
          run: `export TILTH_PASSPHRASE_FILE=my-network/passphrase TILTH_DATA=my-network/validator
tilth key create`,
          shows: /0x/
        },
        {
          run: 'tilth daemon --network my-network/network.json --role validator --api-port 0 --detach',
          shows: /127\.0\.0\.1/,
          varies: true
        },
        { run: 'tilth wallet fund --local --tokens 1000' },
        { run: 'tilth wallet stake 100', shows: /100/ },
        {
          say: 'Tell the host your address: it goes into the Datanet’s roster.',
          run: 'tilth key show',
          shows: /0x[0-9a-f]{40}/,
          take: { validator: /(0x[0-9a-f]{40})/ }
        }
      ]
    },
    {
      title: 'Votes by themselves',
      say: 'A validator follows the Datanets whose rosters name it, and votes by its own checks unless told otherwise.',
      steps: [
        { run: 'tilth datanet list', shows: /elements/, patient: true, varies: true },
        { run: 'tilth review policy', shows: /auto/ }
      ]
    },
    {
      title: 'Votes by hand',
      say: 'With the policy `manual` nothing is voted that you did not look at; it stays so over restarts.',
      steps: [{ run: 'tilth review policy manual', shows: /manual|hand/ }]
    },
    {
      title: 'The queue',
      steps: [
        {
          say: 'What waits for your vote, with what the checks would vote:',
          run: 'tilth review list',
          shows: /0x[\s\S]*(accept|reject)/,
          take: { waiting: /(0x[0-9a-f]{6,})/ },
          patient: true,
          varies: true
        },
        {
          say: 'Each row beside the accepted one that is nearest to it:',
          run: 'tilth review show {waiting}',
          shows: /nearest/,
          varies: true
        },
        {
          say: 'A vote cannot be taken back. Its reason is told with it, so that the contributor can read it.',
          run: 'tilth review vote {waiting} --reject --reason "half of it repeats what is there"',
          shows: /reject/
        },
        {
          say: 'Another vote about the same contribution would cost the whole stake, so it is refused here:',
          run: 'tilth review vote {waiting} --accept',
          refused: true
        },
        { run: 'tilth review policy auto', shows: /auto/ }
      ]
    }
  ],
  trouble: `
- **The queue stays empty.** \`tilth datanet roster NAME\` shows whether you are on it; \`tilth peers\` whether
  anybody is connected.
- **“cannot be fetched”.** The contribution's rows are with nobody who is reachable now. Your node goes on looking; what
  cannot be fetched until the vote ends counts as not decided by you.
- **You know nothing of what it is about.** \`tilth review vote ID --abstain\` leaves it to the others, and you were
  there.
- **Sealed held-out questions were put.** \`tilth review list\` names them, \`tilth datanet held-out show NAME\` lets
  you alone read them. Your node accepts what its checks find nothing in, and opens them after their version; whether
  their answers are true only you can tell: \`tilth datanet held-out refuse NAME\`.
- **Other rules were put forward.** \`tilth datanet rules NAME\` shows what would change; your node signs nothing by
  itself: \`tilth datanet rules accept NAME\` or \`refuse\` does.
- **You voted wrongly.** The vote stands. Tell the others: a quorum may still decide otherwise, and nobody is punished
  for being in the minority.
- **Your key was copied.** Take it off the network and tell the host: somebody who votes with it against your votes
  takes your stake. \`tilth wallet unstake all\` asks for it back; it can be slashed until the delay is over.`
}
