#!/usr/bin/env node
// forge wants a native compiler; this is the npm package's WebAssembly one behind the two arguments that forge uses.
const solc = require('solc')
if (process.argv.includes('--version')) {
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`)
} else if (process.argv.includes('--standard-json')) {
  let input = ''
  process.stdin.setEncoding('utf8')
  process.stdin.on('data', chunk => {
    input += chunk
  })
  process.stdin.on('end', () => process.stdout.write(solc.compile(input)))
} else {
  process.stderr.write('solc.cjs takes --version or --standard-json\n')
  process.exit(2)
}
