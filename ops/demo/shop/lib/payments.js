'use strict';

class DeclinedError extends Error {
    name = 'DeclinedError';
}

function charge(card, amount) {
    if (card === 'none') throw new DeclinedError(`card of customer ${Math.floor(Math.random() * 1e6)} was declined for ${amount} EUR`);
    return { charged: amount };
}

module.exports = { charge };
