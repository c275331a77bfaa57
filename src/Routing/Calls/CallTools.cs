using Microsoft.Extensions.Logging;
using Routing.Providers.Wire;

namespace Routing.Calls;

/// <summary>What every routed call of this process is made with.</summary>
public sealed record CallTools(RoutedParts Parts, WireConnections Connections, CallLimits Limits, CallMetrics Metrics, TimeProvider Time, ILogger<RoutedChat> Log)
{
    public QuietRoutes Quiet { get; } = new();
}
