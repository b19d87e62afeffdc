import type { Walk } from '../walk.ts'
import { joining } from './joining.ts'

export const builder: Walk = {
  role: 'builder',
  title: 'Building a model',
  about: `
A **builder** has a small model tuned on a Datanet's version and registers it, with the split of every fee between
worker, builder and data. Workers do the training; you need no GPU.

**What it earns:** the builder's share of each fee of the model, 10 % unless you say otherwise.

**What it needs:** tokens for the training (\`--recommend\` says how many), a little coin for gas, and a Datanet with an
anchored version.
${joining}`,
  sections: [
    {
      title: 'Your node',
      steps: [
        {
          run: `export TILTH_PASSPHRASE_FILE=my-network/passphrase TILTH_DATA=my-network/builder
tilth key create`,
          shows: /0x/
        },
        {
          run: 'tilth daemon --network my-network/network.json --role builder --role client --api-port 0 --detach',
          shows: /127\.0\.0\.1/,
          varies: true
        },
        { run: 'tilth wallet fund --local --tokens 1000' },
        { run: 'tilth datanet list', shows: /elements/, patient: true, varies: true }
      ]
    },
    {
      title: 'A plan',
      say: 'What your node recommends for this base and data, why, and what it may cost. Nobody hears of it.',
      steps: [
        {
          run: 'tilth tune --datanet elements --base daemon/assets/seedling --recommend',
          shows: /rank|epochs/i,
          patient: true,
          varies: true
        },
        {
          say: 'What cannot come to something is refused here, before the network hears of it:',
          run: 'tilth tune --datanet elements --base bafytypo',
          shows: /no CID, and no model of that name/,
          refused: true
        },
        {
          run: 'tilth tune --datanet elements --base daemon/assets/elements',
          shows: /is no model folder: it lacks config\.json/,
          refused: true
        }
      ]
    },
    {
      title: 'A job called off',
      say: 'A job that was posted can be ended before its time: what was accepted is paid, the rest comes back.',
      steps: [
        {
          run: 'tilth tune --datanet elements --base daemon/assets/seedling --epochs 900 --budget 90',
          shows: /0x[0-9a-f]{64}/,
          take: { job: /(0x[0-9a-f]{12})[0-9a-f]{52}/ },
          varies: true
        },
        { run: 'tilth jobs cancel {job}', shows: /is cancelled/, varies: true },
        { run: 'tilth jobs {job}', shows: /cancelled by its builder/, varies: true }
      ]
    },
    {
      title: 'The job',
      say: 'Workers bid, the best is awarded, trains, and is paid out of an escrow when its work was accepted.',
      steps: [
        {
          run: 'tilth tune --datanet elements --base daemon/assets/seedling --name elements --budget 10 --wait',
          shows: /completed|done/i,
          varies: true
        },
        {
          say: 'The finished model is registered by itself.',
          run: 'tilth models',
          shows: /elements/,
          patient: true,
          varies: true
        }
      ]
    },
    {
      title: 'Its base',
      say:
        'The base can be registered, too, so that anybody can ask both. Whoever grows a model from it can pass it a ' +
        'part of every fee: `--split 3000,1000,5500,500 --upstream seedling`, with `tune` and with `register`.',
      steps: [
        {
          run: 'tilth register --name seedling --base daemon/assets/seedling --split 8000,2000,0',
          shows: /seedling/
        }
      ]
    },
    {
      title: 'Beside its base',
      say: 'Once a worker serves both, they are asked the same, side by side, and each answer is paid for:',
      steps: [
        {
          run: 'tilth models compare seedling elements --held-out --questions 3',
          shows: /elements/,
          patient: true,
          varies: true
        }
      ]
    },
    {
      title: 'Income',
      steps: [{ run: 'tilth earnings', shows: /building/, patient: true, varies: true }]
    }
  ],
  trouble: `
- **No bids.** \`tilth jobs ID\` shows who declined and why: a budget below what they ask, a base that is too large, a
  deadline that is too near.
- **It takes too long, or it was the wrong data.** \`tilth jobs cancel ID\` pays what was accepted and brings back the
  rest.
- **The worker vanished.** At the deadline the escrow gives the money back; the job may be posted again.
- **What was delivered is no good.** Your node measures it and refuses it by itself: its price goes to nobody, and is
  burnt after thirty days unless its worker gives it back. A node that is away until the time to decide is over pays.
- **The model is worse than its base.** \`tilth models compare\` shows it; \`tilth models retire NAME\` takes it off the
  market. More and other data helps more than more epochs.
- **The split was wrong.** It stands in the model's id: \`tilth models split NAME --split W,B,D\` registers it anew.`
}
