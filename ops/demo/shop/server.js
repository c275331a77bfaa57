'use strict';
// A small shop to be looked after: takes orders, and fails when it is asked to. Logs one line a request to standard output, with the stack
// trace behind it when something went wrong, as most services do.
const http = require('node:http');
const { takeOrder } = require('./lib/orders');
const { reserve } = require('./lib/stock');
const { charge } = require('./lib/payments');

function log(level, text, error) {
    const line = `${new Date().toISOString()} ${level} [shop] ${text}`;
    process.stdout.write(error ? `${line}\n${error.stack}${cause(error)}\n` : `${line}\n`);
}

function cause(error) {
    return error.cause ? `\n  [cause]: ${error.cause.stack.replaceAll('\n', '\n  ')}` : '';
}

const routes = {
    '/order': (query) => takeOrder(query.get('article') ?? 'tea', Number(query.get('count') ?? 1)),
    '/reserve': (query) => reserve(query.get('article') ?? 'tea'),
    '/pay': (query) => charge(query.get('card') ?? 'none', 12.5),
};

const server = http.createServer((request, response) => {
    const url = new URL(request.url, 'http://shop');
    const number = Math.floor(Math.random() * 1e6);
    try {
        if (!routes[url.pathname]) return response.writeHead(404).end();
        const answer = routes[url.pathname](url.searchParams);
        log('INFO', `request ${number} to ${url.pathname} took ${Math.ceil(Math.random() * 20)} ms`);
        response.end(JSON.stringify(answer));
    } catch (error) {
        log('ERROR', `request ${number} to ${url.pathname} failed`, error);
        response.writeHead(500).end();
    }
});

server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => log('INFO', `listening on port ${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
