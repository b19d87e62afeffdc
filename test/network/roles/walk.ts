/** One thing that a person types, and what it is for. */
export interface Step {
  /** What stands before it on the page. */
  readonly say?: string
  /** Lines for a shell; `{name}` is what an earlier step took. */
  readonly run: string
  /** What its output holds; more than one where the order is open. */
  readonly shows?: RegExp | readonly RegExp[]
  /** Takes from the output what a later step names: the first group of each. */
  readonly take?: Readonly<Record<string, RegExp>>
  /** It is refused, and says so with its exit code. */
  readonly refused?: true
  /** Typed again until it shows what it is to show: news takes a moment to arrive. */
  readonly patient?: true
  /** How much of its output differs from run to run: not compared with the page. */
  readonly varies?: true
  /** What stands after its output. */
  readonly then?: string
}

export interface Section {
  readonly title: string
  readonly say?: string
  readonly steps: readonly Step[]
}

/** A role's way from nothing to its goal, as the commands of the person who has it: the source of its page. */
export interface Walk {
  /** The page's name. */
  readonly role: string
  readonly title: string
  /** What the role is, what it earns and needs: Markdown. */
  readonly about: string
  readonly sections: readonly Section[]
  /** Beside the sections' own: what to do when something goes wrong. Markdown. */
  readonly trouble: string
}

/** A step as it was typed, and what came of it. */
export interface Said {
  readonly typed: string
  readonly output: string
}
