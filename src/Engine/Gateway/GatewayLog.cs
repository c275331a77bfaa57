namespace Engine.Gateway;

/// <summary>Events 4300–4399.</summary>
static partial class GatewayLog
{
    [LoggerMessage(4300, LogLevel.Information, "The provider {Provider} was {Change}, by {Actor}")]
    public static partial void ProviderChanged(this ILogger log, string provider, string change, string actor);

    [LoggerMessage(4301, LogLevel.Information, "The model {Slug} of {Provider} was corrected, by {Actor}")]
    public static partial void ModelCorrected(this ILogger log, string slug, string provider, string actor);

    [LoggerMessage(4302, LogLevel.Information, "The key {Fingerprint} of {Provider} was {Change}, by {Actor}")]
    public static partial void KeyMoved(this ILogger log, string fingerprint, string provider, string change, string actor);
}
