// A module of Node that is named at the top of a file is loaded with it: by every start, whether it comes to encrypt, to
// spawn or to speak TLS or not. In the bundle each is loaded when it is first used (docs/decisions/021).
import { builtinModules, isBuiltin } from 'node:module';

/** `let node_tls = require("node:tls");`, and what rolldown adds where a module asks for the default export. */
const DECLARATION =
  /^let (node_\w+) = require\("(node:[\w/]+)"\);\n(?:\1 = (?:require_rolldown_runtime\.)?__toESM\(\1, 1\);\n)?/gm;

/** `node_tls.connect`, `node_process.default.pid` and `new node_stream.Writable`; a declaration goes on with $ or (. */
const USE = /(?<![\w$])(?<!(?<!\.\.)\.)(new )?(node_\w+)(?![\w$(])(?:\.default\b)?(\.\w+)?/g;
const LEFT = /\bnode_\w+(?![\w$(])/g;

/** What rolldown calls the variables; a name of our own among them would be taken for one. */
const NAMES = new RegExp(String.raw`\bnode_(${builtinModules.join('|').replaceAll('/', '_')})\b`);

/** A plugin of rolldown for the format cjs. */
export function builtinsOnUse() {
  return {
    name: 'builtins-on-use',
    // Under its full name a builtin becomes a variable that begins with node_, which nothing else does.
    resolveId: (id) => (isBuiltin(id) ? { id: id.replace(/^(node:)?/, 'node:'), external: true } : undefined),
    transform(code, id) {
      const [name] = NAMES.exec(code) ?? [];
      if (name !== undefined) throw new Error(`${id}: ${name} is what the bundle calls a module of Node`);
      return id.endsWith(SPAWNER) ? spawnOnUse(code, id) : null;
    },
    renderChunk: (code) => onUse(code),
  };
}

/** commander is CommonJS, and would start with what it needs to run a subcommand that is a program of its own. */
const SPAWNER = '/commander/lib/command.js';

function spawnOnUse(code, id) {
  const statement = "const childProcess = require('node:child_process');";
  if (!code.includes(statement)) throw new Error(`${id} has no line ${statement}`);
  return code.replace(statement, '').replaceAll('childProcess.', "require('node:child_process').");
}

function onUse(code) {
  const names = new Set();
  const body = code.replace(DECLARATION, (_, name, id) => {
    names.add(name);
    return `let ${name}$;\nfunction ${name}() {\n\treturn ${name}$ ??= require("${id}");\n}\n`;
  });
  if (names.size === 0) return null;
  const called = body.replace(USE, (used, made, name, member = '') => {
    if (!names.has(name)) return used;
    return made === undefined ? `${name}()${member}` : `new (${name}()${member})`;
  });
  const missed = called.match(LEFT)?.find((name) => names.has(name));
  if (missed !== undefined) throw new Error(`${missed} is used in a way that scripts/builtins-on-use.js does not know`);
  return called;
}
