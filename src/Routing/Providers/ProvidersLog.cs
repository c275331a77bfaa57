using Microsoft.Extensions.Logging;

namespace Routing.Providers;

/// <summary>Events 7300–7399. A key is named by its fingerprint, never otherwise.</summary>
static partial class ProvidersLog
{
    [LoggerMessage(7300, LogLevel.Information, "Calls to {Provider} use the key {Fingerprint}")]
    public static partial void KeyInUse(this ILogger log, string provider, string fingerprint);

    [LoggerMessage(7301, LogLevel.Error, "The key of {Provider} cannot be used: {Reason}")]
    public static partial void KeyUnreadable(this ILogger log, string provider, string reason);

    [LoggerMessage(7302, LogLevel.Information, "The replaced key {Fingerprint} of {Provider} is wiped: no call uses it any more, it can be revoked there")]
    public static partial void KeyRetired(this ILogger log, string provider, string fingerprint);

    [LoggerMessage(7303, LogLevel.Information, "{Count} keys of providers are sealed anew, under {KeyId}")]
    public static partial void SealedAnew(this ILogger log, int count, string keyId);

    [LoggerMessage(7304, LogLevel.Warning, "The keys of providers cannot be looked after; trying again")]
    public static partial void KeepFailed(this ILogger log, Exception reason);

    [LoggerMessage(7305, LogLevel.Information, "The provider {Provider} was made, at {BaseUrl}")]
    public static partial void DefaultMade(this ILogger log, string provider, string baseUrl);

    [LoggerMessage(7306, LogLevel.Warning, "The key of {Provider} in the environment, {Fingerprint}, is not the one in use, {Active}: `engine providers rotate {Provider}` changes it")]
    public static partial void OtherKeyConfigured(this ILogger log, string provider, string fingerprint, string active);

    [LoggerMessage(7307, LogLevel.Information, "The provider {Provider} is out of use: answers are not emulated any more")]
    public static partial void EmulatorLeft(this ILogger log, string provider);
}
