/** What the pages of those who join a network begin with. */
export const joining = `
In the commands \`my-network\` stands for a folder of yours. It holds \`network.json\`, which comes from whoever made
the network ([hosting](host.md) shows how), and \`passphrase\`, a file with a sentence that nobody guesses: it unlocks
your key. \`tilth\` is \`npx tilth\`, run in this repository. A key is your account on chain and your name in the
network; the daemon runs in the background until \`tilth down\`.`
