// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title What the auditors of a training are paid for the segments that they ran again. protocol/jobs/audit.ts counts
/// the same.
library AuditPay {
    /// @notice Auditors of a segment that are paid.
    uint256 internal constant EACH = 3;

    /// @notice Of those who say that they ran a segment the three are paid whom chance would have drawn first of them:
    /// so nobody takes the place of who was drawn by saying that it ran what it was not drawn for, unless it was kept
    /// from it as a party. The pay is never more than three fees for each segment.
    /// @param runs of each of the panel, a bit for each segment
    /// @return pay of each of the panel
    /// @return paid in all
    function payFor(bytes32 seed, address[] memory panel, uint256[] memory runs, uint256 segments, uint256 fee)
        internal
        pure
        returns (uint256[] memory pay, uint256 paid)
    {
        pay = new uint256[](panel.length);
        for (uint32 k = 0; k < segments; k++) {
            uint256[EACH] memory lots;
            uint256[EACH] memory who;
            uint256 count = 0;
            for (uint256 i = 0; i < panel.length; i++) {
                if ((runs[i] >> k) & 1 == 0) continue;
                uint256 lot = uint256(keccak256(abi.encodePacked(seed, k, panel[i])));
                uint256 place = count < EACH ? count++ : EACH;
                for (; place > 0 && lots[place - 1] > lot; place--) {
                    if (place < EACH) (lots[place], who[place]) = (lots[place - 1], who[place - 1]);
                }
                if (place < EACH) (lots[place], who[place]) = (lot, i);
            }
            for (uint256 j = 0; j < count; j++) pay[who[j]] += fee;
            paid += count * fee;
        }
    }
}
