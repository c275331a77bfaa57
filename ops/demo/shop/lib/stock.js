'use strict';
const stock = new Map([['tea', 100]]);

function read(article) {
    if (!stock.has(article)) throw new RangeError(`nobody counts ${article}`);
    return stock.get(article);
}

function reserve(article) {
    try {
        const left = read(article) - 1;
        stock.set(article, left);
        return { left };
    } catch (error) {
        throw new Error(`no stock for order ${Math.floor(Math.random() * 1e6)}`, { cause: error });
    }
}

module.exports = { reserve };
