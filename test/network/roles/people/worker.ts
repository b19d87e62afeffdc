import type { Walk } from '../walk.ts'
import { joining } from './joining.ts'

export const worker: Walk = {
  role: 'worker',
  title: 'Lending a GPU: the worker',
  about: `
A **worker** tunes models for builders and answers questions with models that are registered. Your node bids for jobs by
measuring how fast it is, trains what it wins, then offers the model and is paid by the token, while you sleep or play.

**What it earns:** what it bids for each training, paid out of an escrow that the builder filled before; and the
worker's share of each fee for answers, which \`tilth tune\` sets to 30 % unless the builder says otherwise.

**What it needs:** a GPU that WebGPU or CUDA reaches, or just a CPU for small models (\`tilth doctor --machine\` says
what was found); some GiB of disk; a little coin for gas; tokens for a deposit of a tenth of what a training brings,
which comes back with the pay, and is lost by who takes an award and delivers nothing; an address that others can
dial, or a relay.
${joining}`,
  sections: [
    {
      title: 'Your node',
      steps: [
        {
          run: `export TILTH_PASSPHRASE_FILE=my-network/passphrase TILTH_DATA=my-network/worker
tilth key create`,
          shows: /0x/
        },
        {
          run: 'tilth daemon --network my-network/network.json --role worker --api-port 0 --detach',
          shows: /127\.0\.0\.1/,
          varies: true
        },
        { run: 'tilth wallet fund --local --tokens 1000' },
        { run: 'tilth wallet stake 100', shows: /100/ },
        {
          say: 'What this node does by itself, and what it waits for:',
          run: 'tilth status',
          shows: /worker/,
          varies: true
        }
      ]
    },
    {
      title: 'Your machine stays yours',
      say: `Work is taken on at the hours, and under the power, that you allow (\`--hours 22:00-07:30\`, \`--power
mains\`); and when you want the machine now:`,
      steps: [{ run: 'tilth pause --minutes 30', shows: /pause|30|until/i, varies: true }, { run: 'tilth resume' }]
    },
    {
      title: 'Work',
      say: `Jobs come by themselves: your node runs a few real steps, names a price, and trains what it wins.
Afterwards it offers the model that it trained.`,
      steps: [
        { run: 'tilth jobs', shows: /completed|done/, patient: true, varies: true },
        {
          say: 'Where it did not bid, it says why:',
          run: 'tilth jobs why',
          varies: true
        },
        {
          say: 'What is offered now, by whom and at what price:',
          run: 'tilth offers',
          shows: /elements/,
          patient: true,
          varies: true
        },
        {
          say: 'Any other registered model can be offered by name, and at a price of yours:',
          run: 'tilth serve seedling --output-price 300000000000000',
          shows: /serving 0x/,
          patient: true,
          varies: true
        }
      ]
    },
    {
      title: 'Pay',
      say: `Clients promise by vouchers, answer by answer; your node redeems them before their channel ends, above a
sum, and when an epoch closes.`,
      steps: [
        { run: 'tilth channel list', shows: /0x/, patient: true, varies: true },
        {
          say: 'What came in, by kind of work:',
          run: 'tilth earnings',
          shows: [/training/, /serving/],
          patient: true,
          varies: true
        }
      ]
    }
  ],
  trouble: `
- **No bid is won.** \`tilth jobs why\` names the reason of each job: too large for this machine, too dear, paused.
  \`--price-per-second\` is what your training costs.
- **No GPU is found.** \`tilth doctor --machine\` says which was found and, if it is not used, why.
- **Nobody asks.** \`tilth offers\` shows what others ask for the same model, and \`tilth status\` whether others can
  dial you.
  \`--region DE\` of the daemon tells those who choose by it where your machine is.
- **A client is silent about what it owes.** Nothing is lost but its last answer: the last voucher is on disk and is
  redeemed by itself. \`tilth channel close ID\` redeems it now.
- **The machine went down in the middle of a training.** Started again it goes on from its last checkpoint; the
  builder's deadline goes on meanwhile.`
}
