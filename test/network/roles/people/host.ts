import type { Walk } from '../walk.ts'

export const host: Walk = {
  role: 'host',
  title: 'Hosting a Datanet',
  about: `
A **host** keeps a Datanet: a body of shared rows about one subject, with rules about what belongs into it and people
who check that. The host writes the rules and the held-out questions, names the validators, and anchors each version
on chain, so that a model can be tuned on it and everybody whose rows are in it is credited.

**What it earns:** nothing for hosting itself. What a Datanet earns goes to its contributors. Most hosts also build
([building a model](builder.md)) and are paid as builders.

**What it needs:** a machine that is on most of the time, a little coin of the chain for gas, some dozens of held-out
questions with answers that nobody has contributed, and two or three validators whom contributors will trust. No GPU.

These commands begin with a network of your own on one machine, so that nothing of worth is at stake. To host on a
network that exists, take its \`network.json\` from whoever made it and begin at *Your node*. \`tilth\` is
\`npx tilth\`, run in this repository.`,
  sections: [
    {
      title: 'A network to host on',
      say: `A chain of your own, and the contracts on it. Epochs can be challenged for three days unless something else
is said; here for five seconds, so that the walk comes to its end.`,
      steps: [
        {
          run: `mkdir -p my-network/host
echo "a sentence that nobody guesses" > my-network/passphrase
export TILTH_PASSPHRASE_FILE=my-network/passphrase TILTH_DATA=my-network/host
tilth chain --data my-network/chain --port 0 --detach`,
          shows: /http:\/\/127\.0\.0\.1/
        },
        {
          run: `tilth network create --chain my-network/chain --output my-network/network.json \\
  --challenge-seconds 5 --dispute-seconds 5 --commit-seconds 60 --reveal-seconds 3`,
          shows: /network\.json/
        }
      ]
    },
    {
      title: 'Your node',
      say: 'A key is your account on chain and your name in the network. The daemon runs in the background.',
      steps: [
        { run: 'tilth key create', shows: /0x/ },
        {
          run: 'tilth daemon --network my-network/network.json --role host --role validator --api-port 0 --detach',
          shows: /127\.0\.0\.1/,
          varies: true
        },
        {
          say: 'Others find the network through you: your addresses go into its file.',
          run: 'tilth network bootstrap --network my-network/network.json'
        },
        {
          say: 'A local network gives tokens and coin for gas away; elsewhere somebody sends them to your address.',
          run: 'tilth wallet fund --local --tokens 1000'
        },
        {
          say: 'Your node votes, too; what you can lose is why its votes are believed.',
          run: 'tilth wallet stake 100',
          shows: /100/
        },
        { run: 'tilth key show', shows: /0x[0-9a-f]{40}/, take: { host: /(0x[0-9a-f]{40})/ } }
      ]
    },
    {
      title: 'The Datanet',
      say: `The held-out questions decide which contributions were worth something: they may stand in nobody's rows.
Each validator is named by its account with its weight; a contribution is accepted when more than two
thirds agree, so ask the validators first ([validating](validator.md)). Who decides can change later:
those who sit hand over by two thirds, and a roster that is dead is replaced (\`tilth datanet roster add\`,
\`remove\`, \`accept\`, \`refuse\`). So can the rules, by as many (\`tilth datanet rules\`), and who hosts
(\`tilth datanet host\`).`,
      steps: [
        {
          run: `tilth datanet create --name elements --licence CC0-1.0 \\
  --description "Facts about the chemical elements" --questions daemon/assets/elements-questions.jsonl \\
  --validator {host}=1 --validator {validator}=1`,
          shows: /elements/
        },
        {
          say: 'A name that a person would take for another is refused where it is made.',
          run: `tilth datanet create --name Elements --licence CC0-1.0 \\
  --questions daemon/assets/elements-questions.jsonl --validator {host}=1`,
          shows: /would be taken for/,
          refused: true
        },
        { run: 'tilth datanet roster elements', shows: /0x/ }
      ]
    },
    {
      title: 'A version',
      say: `Your node checks every contribution and votes on it, as a validator by the rules. When enough was accepted
it anchors a version by itself (ten contributions, or an hour after the first: \`--anchor-at\`,
\`--anchor-after\`). You can do it at once:`,
      steps: [
        { run: 'tilth contributions --datanet elements', shows: /accepted/, patient: true, varies: true },
        { run: 'tilth datanet anchor elements', shows: /version 1|1/ },
        { run: 'tilth datanet show elements', shows: /elements/, varies: true }
      ]
    }
  ],
  trouble: `
- **Nobody's contribution is decided.** \`tilth datanet roster elements\` shows the validators, \`tilth review list\`
  what waits. A quorum needs more than two thirds of the weight: one validator of two that is away holds everything up.
- **\`tilth status\` says that others cannot dial this node.** It names the exact fix (a port to forward,
  \`--announce\`, \`--upnp\`); until then it is reached through a relay.
- **Gas runs out.** \`tilth status\` and \`tilth wallet balance\` say for how many transactions it lasts.
- **The machine was off.** Start the daemon again with the same \`--data\`: it catches up with what it missed.
  Whatever it had acknowledged is on disk. \`tilth doctor --repair\` checks the folder if a disk was damaged.
- **The rules were wrong.** Put others forward (\`tilth datanet rules propose\`): they judge what is committed once its
  validators have accepted them. Questions and kind never change: for others make a new Datanet.`
}
