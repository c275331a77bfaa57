namespace Engine.Gateway;

/// <summary>Events 4380–4399.</summary>
static partial class FirstStartLog
{
    [LoggerMessage(4380, LogLevel.Warning, "Answers of models are EMULATED, at {Url}: they are made up and cost nothing real, because no provider is set up and no key is given. " + EmulatedAnswers.Remedy)]
    public static partial void Emulated(this ILogger log, string url);

    [LoggerMessage(4381, LogLevel.Warning, "The provider to begin with cannot be made ready; trying again")]
    public static partial void NoProviderYet(this ILogger log, Exception reason);
}
