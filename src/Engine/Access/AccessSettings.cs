using System.ComponentModel;
using Engine.Hosting.Configuration;

namespace Engine.Access;

public sealed record AccessSettings : IChecked
{
    [Description("Requests a second that one token may make, 1 to 1000000; twice that in a burst.")]
    public int RequestsPerSecondPerToken { get; init; } = 500;

    [Description("Requests a second without a valid token from one address, 1 to 1000000; twice that in a burst.")]
    public int RequestsPerSecondPerAddress { get; init; } = 50;

    public IEnumerable<string> Problems()
    {
        if (RequestsPerSecondPerToken is < 1 or > 1_000_000)
            yield return $"RequestsPerSecondPerToken must be from 1 to 1000000, is {RequestsPerSecondPerToken}";
        if (RequestsPerSecondPerAddress is < 1 or > 1_000_000)
            yield return $"RequestsPerSecondPerAddress must be from 1 to 1000000, is {RequestsPerSecondPerAddress}";
    }
}
