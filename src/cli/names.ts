/** lockTimeout → lock-timeout: how an option's name in code is spelt on the command line. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
