// Loaded into a process before anything of its own (`--import`): its clock is so many milliseconds ahead as this
// module's address says.

const ahead = Number(new URL(import.meta.url).searchParams.get('ahead'))
const True = Date
const now = (): number => True.now() + ahead

globalThis.Date = new Proxy(True, {
  construct: (target, args: unknown[], self) => Reflect.construct(target, args.length === 0 ? [now()] : args, self),
  get: (target, name, self) => (name === 'now' ? now : (Reflect.get(target, name, self) as unknown))
})
