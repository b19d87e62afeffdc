// The spec reporter for people, plus passes, failures and milliseconds of each file as JSON in the file named by
// --reporter-option output=FILE.
const { writeFileSync } = require('node:fs')
const Mocha = require('mocha')

module.exports = class extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    const files = {}
    const tallyOf = ({ file, parent }) => (files[file ?? parent?.file ?? ''] ??= { passed: 0, failed: 0, ms: 0 })
    runner.on('pass', test => {
      tallyOf(test).passed++
    })
    runner.on('fail', test => {
      tallyOf(test).failed++
    })
    for (const event of ['test end', 'hook end'])
      runner.on(event, done => {
        tallyOf(done).ms += done.duration ?? 0
      })
    runner.once('end', () => {
      writeFileSync(options.reporterOptions.output, JSON.stringify(files))
    })
  }
}
