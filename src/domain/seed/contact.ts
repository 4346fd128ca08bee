import { makePerson, mobileNumber } from './people.ts';
import type { Person } from './people.ts';
import { pick } from './random.ts';
import type { World } from './world.ts';

export interface Contact extends Person {
  readonly email: string;
  readonly phone: string;
}

/** Domains of RFC 2606 never reach anybody, whatever the demo sends. */
const MAIL_DOMAINS = ['mail.example.com', 'example.com', 'post.example.org', 'example.net'];

export function contactOf(world: World, user: number): Contact {
  const random = world.random('contact', user);
  const person = makePerson(random, world.words);
  return { ...person, email: `${person.handle}${user}@${pick(random, MAIL_DOMAINS)}`, phone: mobileNumber(random) };
}
