/** The same object with some methods of its own. */
export const withMethods = <T extends object>(whole: T, methods: Partial<T>): T =>
  new Proxy(whole, {
    get(target, name) {
      const own = Reflect.get(methods, name) as unknown
      if (own !== undefined) return own
      const value = Reflect.get(target, name) as unknown
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    }
  })
