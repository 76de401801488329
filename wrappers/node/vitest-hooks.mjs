// The hooks of vitest.cjs, for a node that calls hooks in a thread of their own (before 22.15)
import vitest from './vitest.cjs';

export async function resolve(specifier, context, next) {
	return vitest.hooks.redirect(specifier, context, await next(specifier, context));
}

export async function load(url, context, next) {
	return url.endsWith(vitest.MARK) ? vitest.hooks.source(url) : next(url, context);
}
