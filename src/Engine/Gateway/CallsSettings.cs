using System.ComponentModel;
using Engine.Hosting.Configuration;
using Routing.Calls;

namespace Engine.Gateway;

public sealed record CallsSettings : IChecked
{
    static readonly CallLimits Usual = new();

    [Description("How long a provider may stay silent before the first content until the next one is tried, 0.1 seconds to 1 hour.")]
    public TimeSpan Silence { get; init; } = Usual.Silence;

    [Description("How long the first content may take, signs of life or not, 0.1 seconds to 1 hour.")]
    public TimeSpan FirstToken { get; init; } = Usual.FirstToken;

    [Description("How long an answer may pause in its middle, 0.1 seconds to 1 hour.")]
    public TimeSpan Idle { get; init; } = Usual.Idle;

    [Description("How long a request may take with all its attempts, 0.1 seconds to 1 hour.")]
    public TimeSpan Total { get; init; } = Usual.Total;

    [Description("Attempts of one request at all models together, 1 to 50.")]
    public int MaxAttempts { get; init; } = Usual.MaxAttempts;

    public CallLimits Limits => Usual with { Silence = Silence, FirstToken = FirstToken, Idle = Idle, Total = Total, MaxAttempts = MaxAttempts };

    public IEnumerable<string> Problems() => Limits.Problems();
}
