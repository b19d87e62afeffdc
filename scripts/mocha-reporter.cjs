// The spec reporter for people, plus the counts as JSON in the file named by --reporter-option output=FILE.
const { writeFileSync } = require('node:fs')
const Mocha = require('mocha')

module.exports = class extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    runner.once('end', () => {
      const { passes, failures } = this.stats
      writeFileSync(options.reporterOptions.output, JSON.stringify({ passes, failures }))
    })
  }
}
