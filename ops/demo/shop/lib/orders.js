'use strict';
const prices = { tea: { net: 3.2 }, coffee: { net: 4.1 } };

function priceOf(article, count) {
    return prices[article].net * count;
}

function takeOrder(article, count) {
    return { article, count, price: priceOf(article, count) };
}

module.exports = { takeOrder };
