namespace Emulators.OpenRouter.Billing;

/// <summary>An exact sum that many threads add to without waiting for one another.</summary>
sealed class ExactSum
{
    readonly Part[] parts = [.. Enumerable.Range(0, 8).Select(_ => new Part())];

    public void Add(decimal amount)
    {
        var part = parts[Environment.CurrentManagedThreadId % parts.Length];
        lock (part.Gate) part.Amount += amount;
    }

    public decimal Value
    {
        get
        {
            var sum = 0m;
            foreach (var part in parts)
                lock (part.Gate) sum += part.Amount;
            return sum;
        }
    }

    sealed class Part
    {
        public readonly Lock Gate = new();
        public decimal Amount;
    }
}
