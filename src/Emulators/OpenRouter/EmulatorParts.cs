using Emulators.OpenRouter.Accounts;
using Emulators.OpenRouter.Answers;
using Emulators.OpenRouter.Billing;
using Emulators.OpenRouter.Catalog;
using Emulators.OpenRouter.Faults;

namespace Emulators.OpenRouter;

/// <summary>What the endpoints of one emulator work on together.</summary>
sealed record EmulatorParts(
    OpenRouterOptions Options, ModelCatalog Catalog, Ledger Ledger, Keys Keys, Activity Activity, FaultRules Faults, Rules Rules, PromptCache Cache)
{
    public DateTimeOffset Now => Options.Time.GetUtcNow();
}
